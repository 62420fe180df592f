// Package records is how events travel on Kafka: the names of topics, an
// ordered producer, a reader of record batches, and the dead letters.
package records

import (
	"fmt"

	"comptoir/shared/event"
)

// Topics gives the names on Kafka of the logical topics. An empty name is the
// logical one.
type Topics struct {
	Sales, Inventory, Clients, Heartbeats, DeadLetters string
}

// Name returns the name on Kafka of a logical topic.
func (t Topics) Name(topic event.Topic) string {
	var name string
	switch topic {
	case event.Sales:
		name = t.Sales
	case event.Inventory:
		name = t.Inventory
	case event.Clients:
		name = t.Clients
	case event.Heartbeats:
		name = t.Heartbeats
	case event.DeadLetters:
		name = t.DeadLetters
	}
	if name == "" {
		return string(topic)
	}
	return name
}

// Map returns the names of all logical topics.
func (t Topics) Map() map[event.Topic]string {
	m := make(map[event.Topic]string, len(allTopics))
	for _, topic := range allTopics {
		m[topic] = t.Name(topic)
	}
	return m
}

// Logical returns the logical topic of a name on Kafka; ok is false for a name
// that is none of them.
func (t Topics) Logical(name string) (topic event.Topic, ok bool) {
	for _, topic := range allTopics {
		if t.Name(topic) == name {
			return topic, true
		}
	}
	return "", false
}

var allTopics = [...]event.Topic{event.Sales, event.Inventory, event.Clients, event.Heartbeats, event.DeadLetters}

func (t Topics) validate() error {
	seen := map[string]event.Topic{}
	for _, topic := range allTopics {
		name := t.Name(topic)
		if other, ok := seen[name]; ok {
			return fmt.Errorf("the topics %s and %s have the same name %q on Kafka; give each its own (TOPIC_SALES, TOPIC_INVENTORY, TOPIC_CLIENTS, TOPIC_HEARTBEATS, TOPIC_DEAD_LETTERS)", other, topic, name)
		}
		seen[name] = topic
	}
	return nil
}

// TopicsOf takes the names from a map; what it does not name has its logical name.
func TopicsOf(names map[event.Topic]string) Topics {
	return Topics{
		Sales: names[event.Sales], Inventory: names[event.Inventory], Clients: names[event.Clients],
		Heartbeats: names[event.Heartbeats], DeadLetters: names[event.DeadLetters],
	}
}
