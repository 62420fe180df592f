// Package lambdatest writes what the event source mapping of a Kafka sends, for
// tests.
package lambdatest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"comptoir/shared/records"
)

// Payload writes the records of partitions, named as sales-0, as MSK's mapping does:
// keys and values in base64, null as empty ones, and the bytes of headers as Java's,
// from -128 to 127.
func Payload(batch map[string][]records.Record) []byte {
	b := []byte(`{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:eu-west-1:000000000000:cluster/shop/0","bootstrapServers":"b-1.shop:9098","records":{`)
	for i, name := range slices.Sorted(maps.Keys(batch)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, name), ":["...)
		for j := range batch[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = Record(b, name, &batch[name][j])
		}
		b = append(b, ']')
	}
	return append(b, "}}"...)
}

// Record appends one record of a partition.
func Record(b []byte, name string, r *records.Record) []byte {
	dash := strings.LastIndexByte(name, '-')
	b = fmt.Appendf(b, `{"topic":%q,"partition":%s,"offset":%d,"timestamp":%d,"timestampType":"CREATE_TIME","key":"%s","value":"%s","headers":[`,
		name[:dash], name[dash+1:], r.Offset, r.Timestamp().UnixMilli(), base64.StdEncoding.EncodeToString(r.Message.Key), base64.StdEncoding.EncodeToString(r.Message.Value))
	for i, h := range r.Message.Headers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(append(b, '{'), h.Key), ":["...)
		for j, c := range h.Value {
			if j > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(int8(c)), 10)
		}
		b = append(b, "]}"...)
	}
	return append(b, "]}"...)
}
