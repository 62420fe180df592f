package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
)

func (p *place) soak(context.Context, *options, *rand.Rand, io.Writer) error {
	return errors.ErrUnsupported
}
