// Command lambda is every function on AWS Lambda: FUNCTION chooses which.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // BUSINESS_TIMEZONE works without a zone database

	"github.com/aws/aws-lambda-go/lambda"

	"comptoir/functions/cmd/internal/deployed"
	"comptoir/shared/config"
	"comptoir/shared/trigger/lambdatrigger"
)

func main() {
	h, err := handler()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bootstrap: %v\n", err)
		os.Exit(1)
	}
	lambda.StartWithOptions(h)
}

func handler() (lambda.Handler, error) {
	p, err := deployed.Load()
	if err != nil {
		return nil, err
	}
	switch p.Config.Function {
	case config.FunctionQuery:
		api, _, err := p.Query()
		return lambdatrigger.HTTP{Handler: api}, err
	case config.FunctionReview:
		review, _, err := p.Review()
		return lambdatrigger.Tick{Review: review}, err
	}
	e, _, err := p.Engine(false)
	if err != nil {
		return nil, err
	}
	return lambdatrigger.New(lambdatrigger.Config{Handler: e, Uses: e.Uses, Log: p.Log}), nil
}
