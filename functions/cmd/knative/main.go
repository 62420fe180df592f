// Command knative is every function on Knative: FUNCTION chooses which.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
	_ "time/tzdata" // BUSINESS_TIMEZONE works without a zone database

	"comptoir/functions/cmd/internal/deployed"
	"comptoir/shared/config"
	"comptoir/shared/trigger/knativetrigger"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "knative: %v\n", err)
		os.Exit(1)
	}
}

func run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	p, err := deployed.Load(config.FunctionDeadLetters)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	s, err := server(p)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+strconv.Itoa(p.Config.Port))
	if err != nil {
		return fmt.Errorf("listening on PORT=%d: %w; choose another", p.Config.Port, err)
	}
	return s.Run(ctx, l)
}

// reviewTime is below the five minutes that Knative gives a request.
const reviewTime = 4 * time.Minute

func server(p *deployed.Program) (*knativetrigger.Server, error) {
	s := &knativetrigger.Server{Grace: p.Config.ShutdownGrace, Log: p.Log}
	switch p.Config.Function {
	case config.FunctionQuery:
		api, state, err := p.Query()
		if err != nil {
			return nil, err
		}
		s.Handler, s.Ready = api, state.Ping
	case config.FunctionReview:
		review, state, err := p.Review()
		if err != nil {
			return nil, err
		}
		s.Handler, s.Ready = knativetrigger.Tick{Review: review, Timeout: reviewTime, Log: p.Log}, state.Ping
	case config.FunctionDeadLetters:
		kafka, err := p.Kafka()
		if err != nil {
			return nil, err
		}
		morgue, err := p.Morgue()
		if err != nil {
			return nil, err
		}
		s.Handler, s.Ready = knativetrigger.NewDeadLetters(morgue, p.Topics(), p.Log), kafka.Ping
	default:
		return s, analytic(p, s)
	}
	return s, nil
}

func analytic(p *deployed.Program, s *knativetrigger.Server) error {
	engine, state, err := p.Engine(true)
	if err != nil {
		return err
	}
	kafka, err := p.Kafka()
	if err != nil {
		return err
	}
	events := knativetrigger.NewEvents(knativetrigger.Config{
		Engine: engine, Uses: engine.Uses, Topics: p.Topics(), Patience: p.Config.EventPatience, Log: p.Log,
	})
	s.Handler, s.Drain, s.Close = events, events.Drain, events.Close
	s.Ready = func(ctx context.Context) error { return errors.Join(state.Ping(ctx), kafka.Ping(ctx)) }
	return nil
}
