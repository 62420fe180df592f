// Package sqlitestate keeps the state in one SQLite file, for a shop that runs
// everything on one machine. A collection is a table of an id, a version and
// the document as JSON that anybody can read:
//
//	sqlite3 state.db "SELECT doc FROM product_winners WHERE _id = '22423'"
//
// Store is what the functions write through, Reader what the query function
// reads through, in the same process or another; a Reader cannot write.
//
// # What a crash can lose
//
// The file is in WAL mode with synchronous=NORMAL. A killed process loses
// nothing that was committed. A machine that loses power may lose the last
// transactions, always a tail of them and never one in the middle, and the file
// stays whole. That is enough here: a document and the checkpoint that says how
// far it was fed lie in the same file and are written in that order, so a lost
// document means a lost checkpoint. The local runner starts at the lower of the
// committed offset and the checkpoint's, reads the lost tail again from the log
// and applies it to the documents as they were before. In return no commit
// waits for the disk.
package sqlitestate
