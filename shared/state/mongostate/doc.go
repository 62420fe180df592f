// Package mongostate keeps the state in MongoDB, or in anything that speaks its
// protocol. A collection's documents are the same as in every store, field by
// field, so anybody can read them:
//
//	db.product_winners.findOne({_id: "22423"})
//
// Store is what the functions write through, Reader what the query function
// reads through; a Reader has nothing that writes, and its user needs no more
// than the role read.
//
// # What is promised, and how
//
// Writes are acknowledged by a majority, whatever the URI says, and Store reads
// with majority read concern from the primary: what it has read cannot be rolled
// back, so an event that a document holds may be acknowledged on Kafka. A stale
// primary may answer a read with an older version; a write that is decided on it
// does not match, and is decided again.
//
// A document is replaced by {_id, version}. The server does not say which
// replacements of a bulk found nothing, and reading again cannot tell one's own
// write from another's once somebody has written on top. So each is an upsert:
// where the version is another one, its insert meets the _id that is there, and
// the server names the write in an error (11000) of its own. Only where the
// document itself is gone (a database that was dropped or restored under running
// functions) something is inserted; that is taken away again, and the write is a
// conflict like the others.
//
// The driver never repeats a write by itself. A reply that does not come is an
// error, which means unknown; the caller reads again and decides again.
package mongostate
