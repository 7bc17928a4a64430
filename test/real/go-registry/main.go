// Registers, evolves and reads schemas with franz-go's Schema Registry client, and writes and reads a record with its serde.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"
)

type order struct {
	ID    string `avro:"id"`
	Cents int64  `avro:"cents"`
}

const (
	first   = `{"type":"record","name":"Order","fields":[{"name":"id","type":"string"},{"name":"cents","type":"long"}]}`
	evolved = `{"type":"record","name":"Order","fields":[{"name":"id","type":"string"},{"name":"cents","type":"long"},{"name":"note","type":"string","default":""}]}`
	broken  = `{"type":"record","name":"Order","fields":[{"name":"id","type":"int"}]}`
	money   = `syntax = "proto3"; package shop; message Money { int64 cents = 1; }`
	priced  = `syntax = "proto3"; package shop; import "money.proto"; message Priced { Money price = 1; }`
)

func try[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	ctx := context.Background()
	subject := os.Args[2]
	client := try(sr.NewClient(sr.URLs(os.Args[1])))
	one := try(client.CreateSchema(ctx, subject, sr.Schema{Schema: first}))
	two := try(client.CreateSchema(ctx, subject, sr.Schema{Schema: evolved}))
	again := try(client.LookupSchema(ctx, subject, sr.Schema{Schema: first}))
	refused := try(client.CheckCompatibility(ctx, subject, -1, sr.Schema{Schema: broken}))
	try(client.CreateSchema(ctx, subject+"-money", sr.Schema{Schema: money, Type: sr.TypeProtobuf}))
	referring := try(client.CreateSchema(ctx, subject+"-priced", sr.Schema{
		Schema: priced, Type: sr.TypeProtobuf,
		References: []sr.SchemaReference{{Name: "money.proto", Subject: subject + "-money", Version: 1}},
	}))
	levels := client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFull}, subject)

	var serde sr.Serde
	schema := avro.MustParse(first)
	serde.Register(one.ID, order{},
		sr.EncodeFn(func(v any) ([]byte, error) { return avro.Marshal(schema, v) }),
		sr.DecodeFn(func(b []byte, v any) error { return avro.Unmarshal(schema, b, v) }))
	var read order
	if err := serde.Decode(serde.MustEncode(order{ID: "a", Cents: 250}), &read); err != nil {
		try(0, err)
	}
	try(client.DeleteSubject(ctx, subject, sr.SoftDelete))
	answer := map[string]any{
		"versions":   []int{one.Version, two.Version, again.Version},
		"same":       one.ID == again.ID && one.ID != two.ID,
		"compatible": refused.Is,
		"references": len(referring.References),
		"level":      levels[0].Level.String(),
		"read":       read.Cents,
		"text":       try(client.SchemaByID(ctx, one.ID)).Schema,
		"left":       try(client.Subjects(sr.WithParams(ctx, sr.ShowDeleted))),
	}
	json.NewEncoder(os.Stdout).Encode(answer)
}
