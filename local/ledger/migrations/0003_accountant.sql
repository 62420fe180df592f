-- What the accountant's app keeps beside the books.

-- What is printed on a product's packing. One of them names one product.
CREATE TABLE barcodes (
  barcode TEXT PRIMARY KEY CHECK (barcode <> ''),
  product TEXT NOT NULL REFERENCES products (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcodes_by_product ON barcodes (product);

-- The tax rate (basis points) that a line of the product begins with. Apart from
-- products, so that a catalogue which knows no taxes does not take them away.
CREATE TABLE product_taxes (
  product TEXT    PRIMARY KEY REFERENCES products (id),
  rate    INTEGER NOT NULL CHECK (rate >= 0)
) STRICT, WITHOUT ROWID;

-- Which entry a filled-in form became: the same form sent again finds it.
CREATE TABLE submissions (
  key   TEXT    PRIMARY KEY CHECK (key <> ''),
  entry INTEGER NOT NULL REFERENCES entries (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER submissions_kept BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'submissions are never deleted'); END;
CREATE TRIGGER submissions_fixed BEFORE UPDATE ON submissions BEGIN SELECT RAISE(ABORT, 'submissions are never changed'); END;

-- Where Kafka keeps what was published: the events of a stream from the sequence first
-- to last are at their sequence + shift of the stream's partition.
CREATE TABLE publications (
  stream INTEGER NOT NULL REFERENCES streams (number),
  first  INTEGER NOT NULL CHECK (first > 0),
  last   INTEGER NOT NULL CHECK (last >= first),
  shift  INTEGER NOT NULL,
  PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_by_subject ON entries (subject);
