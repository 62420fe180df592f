package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"

	"comptoir/local/datadir"
	"comptoir/local/runner"
	"comptoir/shared/config"
	"comptoir/test/harness"
	"comptoir/test/servers"
)

const brokers = 3

// place is where the suite runs: servers of its own, and the ways to them.
type place struct {
	dir, binary  string
	servers      *servers.Own
	kafka, store *way
}

func newPlace(ctx context.Context, dir, binary string) (p *place, err error) {
	p = &place{dir: dir, binary: binary}
	say("starting three brokers and a store")
	if p.servers, err = servers.Start(ctx, filepath.Join(dir, "servers"), true, "--brokers", strconv.Itoa(brokers)); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoServers, err)
	}
	if p.kafka, err = lead("Kafka", p.servers.Advertised, p.servers.Kafka, brokers); err != nil {
		return nil, errors.Join(err, p.close())
	}
	if p.store, err = lead("the store", 0, p.servers.MongoDB, 1); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *place) close() error {
	var errs []error
	for _, w := range []*way{p.kafka, p.store} {
		if w != nil {
			errs = append(errs, w.close())
		}
	}
	return errors.Join(append(errs, p.servers.Stop())...)
}

// onTheWay are the settings of a shop whose way to the servers leads through the proxies.
func (p *place) onTheWay() map[string]string {
	s := p.direct()
	s["MONGODB_URI"] = strings.Replace(s["MONGODB_URI"], local(p.servers.MongoDB), p.store.address(), 1)
	return s
}

// direct are those of who looks on: the store itself. Kafka sends everybody through
// the proxies.
func (p *place) direct() map[string]string {
	s := maps.Clone(p.servers.Settings)
	var all []string
	for _, proxy := range p.kafka.proxies {
		all = append(all, proxy.Listen)
	}
	s["KAFKA_BOOTSTRAP_SERVERS"] = strings.Join(all, ",")
	s["CURRENCY"], s["BUSINESS_DATE"], s["BUSINESS_TIMEZONE"] = "GBP", "2011-12-09", "Europe/London"
	return s
}

// opened are the settings as the parts read them.
func opened(dir string, settings map[string]string) (*datadir.Dir, *config.Config, error) {
	d, err := datadir.Open(dir, true)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := config.Load(config.Map("the suite", settings))
	return d, cfg, err
}

// names gives both settings the same names on the servers.
func names(settings ...map[string]string) {
	harness.Name(settings[0])
	for _, s := range settings[1:] {
		for k, v := range settings[0] {
			if strings.HasPrefix(k, "TOPIC_") || k == "KAFKA_GROUP_PREFIX" || k == "MONGODB_DATABASE" {
				s[k] = v
			}
		}
	}
}

func openReader(ctx context.Context, dir string, settings map[string]string) (runner.Reader, error) {
	d, cfg, err := opened(dir, settings)
	if err != nil {
		return nil, err
	}
	return runner.OpenReader(ctx, d, cfg)
}
