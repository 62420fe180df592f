-- What was filled in, as a digest, beside the key of a form: a form that comes again under
-- its key is the same one only where that is the same too. Null of forms from before.
ALTER TABLE submissions ADD COLUMN content TEXT CHECK (content <> '');

-- What was worth a warning when a sale was recorded in spite of it, per line of its document.
-- margin: value and minimum in basis points; stock: value in thousandths left of the product.
CREATE TABLE warnings (
  document INTEGER NOT NULL REFERENCES documents (entry),
  line     INTEGER NOT NULL CHECK (line > 0),
  kind     TEXT    NOT NULL CHECK (kind IN ('margin', 'stock')),
  value    INTEGER NOT NULL,
  minimum  INTEGER CHECK ((minimum IS NULL) = (kind = 'stock')),
  PRIMARY KEY (document, line, kind)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER warnings_kept BEFORE DELETE ON warnings BEGIN SELECT RAISE(ABORT, 'warnings are never deleted'); END;
CREATE TRIGGER warnings_fixed BEFORE UPDATE ON warnings BEGIN SELECT RAISE(ABORT, 'warnings are never changed'); END;
