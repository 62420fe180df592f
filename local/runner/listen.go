package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"comptoir/local/broker"
	"comptoir/local/datadir"
	"comptoir/shared/config"
)

// listen takes an address. One that is taken is refused where the user chose
// it, and gives way to a free port where it is only the default.
func listen(ctx context.Context, cfg *config.Config, setting, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	if taken := errors.Is(err, syscall.EADDRINUSE); !taken || cfg.IsSet(setting) {
		if taken {
			return nil, fmt.Errorf("listening on %s: another program listens there already; stop it, or set %s to another address", address, setting)
		}
		return nil, fmt.Errorf("listening on %s: %w; set %s to an address of this machine", address, err, setting)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

// startBroker starts the embedded broker on the directory's log.
func startBroker(dir *datadir.Dir, cfg *config.Config, o broker.Options) (*broker.Broker, error) {
	host, text, err := net.SplitHostPort(cfg.BrokerAddr)
	if err != nil {
		return nil, fmt.Errorf("reading BROKER_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.Equal(net.IPv4(127, 0, 0, 1))) {
		return nil, fmt.Errorf("BROKER_ADDR=%s: the embedded broker serves this machine alone, so its host is 127.0.0.1; for other machines use a Kafka and KAFKA_BOOTSTRAP_SERVERS", cfg.BrokerAddr)
	}
	if o.Port, err = strconv.Atoi(text); err != nil {
		return nil, fmt.Errorf("reading the port of BROKER_ADDR: %w", err)
	}
	o.Dir = dir.Broker()
	b, err := broker.Start(o)
	var port *broker.PortError
	if errors.As(err, &port) {
		if cfg.IsSet("BROKER_ADDR") {
			return nil, fmt.Errorf("starting the broker on %s: another program listens there already; stop it, or set BROKER_ADDR to another address", cfg.BrokerAddr)
		}
		o.Port = 0
		b, err = broker.Start(o)
	}
	return b, err
}
