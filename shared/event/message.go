package event

// Message is a record as Kafka carries it, without its place in a topic.
type Message struct {
	Key, Value []byte
	Headers    []Header
}

// Header is one header of a record. Names may repeat on the wire; for the
// attributes of a CloudEvent a repeated name is a fault.
type Header struct {
	Key   string
	Value []byte
}
