package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // for the worker that is written by hand

	"comptoir/shared/event"
	"comptoir/shared/records"
)

// This program runs itself in roles, so that what a baseline costs is a process's.
const (
	roleVariable      = "BENCH_ROLE"
	roleRead          = "read"
	roleReadKafkaGo   = "read-kafka-go"
	roleDecodeKafkaGo = "decode-kafka-go"
	roleOneByOne      = "one-by-one"
)

func play(role string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	switch role {
	case roleRead:
		return readOnly(ctx)
	case roleReadKafkaGo:
		return withKafkaGo(ctx, false)
	case roleDecodeKafkaGo:
		return withKafkaGo(ctx, true)
	case roleOneByOne:
		return oneByOne(ctx)
	}
	return fmt.Errorf("there is no role %q", role)
}

func variable(name string) int64 {
	n, _ := strconv.ParseInt(os.Getenv(name), 10, 64) // 0 is refused where it matters
	return n
}

func servers() []string { return strings.Split(os.Getenv("BENCH_KAFKA"), ",") }

// readOnly reads and decodes all of a topic as the functions do, and keeps nothing.
func readOnly(ctx context.Context) error {
	c, err := records.Connect(records.Config{Bootstrap: servers()})
	if err != nil {
		return err
	}
	defer c.Close()
	name := os.Getenv("BENCH_TOPIC")
	n, err := c.Partitions(ctx, name)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	total := int64(0)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for p := range n {
		g.Go(func() error {
			held, err := c.Offsets(ctx, name, int32(p))
			if err != nil {
				return err
			}
			decoder, events := event.NewDecoder(), int64(0)
			err = c.Scan(ctx, name, int32(p), held.First, held.End, func(r *records.Record) error {
				events++
				_, err := decoder.Decode(r.Message, nil)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			total += events
			return err
		})
	}
	return errors.Join(g.Wait(), complete(&total))
}

func complete(total *int64) error {
	if want := variable("BENCH_EVENTS"); *total != want || want == 0 {
		return fmt.Errorf("%d events were read, want %d", *total, want)
	}
	return nil
}

// withKafkaGo reads all of a topic with kafka-go's own Reader, a goroutine a partition.
func withKafkaGo(ctx context.Context, decode bool) error {
	client := &kafka.Client{Addr: kafka.TCP(servers()...)}
	name := os.Getenv("BENCH_TOPIC")
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{name}})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	total, fold := int64(0), map[string]int64{}
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range meta.Topics[0].Partitions {
		g.Go(func() (err error) {
			ends, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{name: {kafka.LastOffsetOf(p.ID)}}})
			if err != nil {
				return err
			}
			end := ends.Topics[name][0].LastOffset
			r := kafka.NewReader(kafka.ReaderConfig{Brokers: servers(), Topic: name, Partition: p.ID, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: 100 * time.Millisecond})
			defer func() { err = errors.Join(err, r.Close()) }()
			sums, n := map[string]int64{}, int64(0)
			for at := int64(0); at < end; {
				m, err := r.ReadMessage(ctx)
				if err != nil {
					return err
				}
				if at, n = m.Offset+1, n+1; decode {
					key, net, err := byHand(&m)
					if err != nil {
						return err
					}
					sums[key] += net
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for key, sum := range sums {
				fold[key] += sum
			}
			total += n
			return nil
		})
	}
	return errors.Join(g.Wait(), complete(&total))
}

// byHand reads of an event what a worker written by hand would.
func byHand(m *kafka.Message) (key string, net int64, err error) {
	kind := ""
	for _, h := range m.Headers {
		if h.Key == "ce_type" {
			kind = string(h.Value)
		}
	}
	var data struct {
		Net int64 `json:"net"`
	}
	if err := json.Unmarshal(m.Value, &data); err != nil {
		return "", 0, err
	}
	if strings.HasSuffix(kind, "returned") || strings.HasSuffix(kind, "credited") {
		data.Net = -data.Net
	}
	return kind[:strings.LastIndex(kind, ".")] + " " + string(m.Key), data.Net, nil
}

// oneByOne is the worker as one would write it: a message, an upsert, a commit.
func oneByOne(ctx context.Context) (err error) {
	add, done, err := adder(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: servers(), Topic: os.Getenv("BENCH_TOPIC"), GroupID: fmt.Sprintf("bench-one-%d", time.Now().UnixNano()), StartOffset: kafka.FirstOffset})
	defer func() { err = errors.Join(err, r.Close()) }()
	for range variable("BENCH_LIMIT") {
		m, err := r.FetchMessage(ctx)
		if err != nil {
			return err
		}
		key, net, err := byHand(&m)
		if err != nil {
			return err
		}
		if err := add(key, net); err != nil {
			return err
		}
		if err := r.CommitMessages(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// adder adds to a sum in the store of the place.
func adder(ctx context.Context) (add func(key string, net int64) error, done func() error, err error) {
	if uri := os.Getenv("BENCH_MONGODB"); uri != "" {
		c, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			return nil, nil, err
		}
		sums := c.Database(os.Getenv("BENCH_DATABASE")).Collection("by_hand")
		return func(key string, net int64) error {
			_, err := sums.UpdateOne(ctx, bson.D{{Key: "_id", Value: key}}, bson.D{{Key: "$inc", Value: bson.D{{Key: "net", Value: net}}}}, options.UpdateOne().SetUpsert(true))
			return err
		}, func() error { return c.Disconnect(context.WithoutCancel(ctx)) }, nil
	}
	db, err := sql.Open("sqlite", filepath.Join(filepath.Dir(os.Getenv("BENCH_DIR")), "by-hand.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, nil, err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS sums (id TEXT PRIMARY KEY, net INTEGER)"); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return func(key string, net int64) error {
		_, err := db.ExecContext(ctx, "INSERT INTO sums VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET net = net + excluded.net", key, net)
		return err
	}, db.Close, nil
}

func dropDatabase(ctx context.Context, uri, name string) error {
	c, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	return errors.Join(c.Database(name).Drop(ctx), c.Disconnect(ctx))
}

func removeTopics(ctx context.Context, c *records.Cluster) error {
	var names []string
	for _, name := range c.Topics().Map() {
		names = append(names, name)
	}
	r, err := c.Client().DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		return err
	}
	for _, err := range r.Errors {
		if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
			return err
		}
	}
	return nil
}
