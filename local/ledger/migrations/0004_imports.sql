-- A row an import: who brought which files, by which rules, and what came of it.
-- One that was stopped has no ended_at, and the same files again go on with it.
-- What it recorded is in import_entries; nothing is counted twice by keeping it here too.
CREATE TABLE imports (
  id       INTEGER PRIMARY KEY,
  who      TEXT    NOT NULL CHECK (who <> ''),
  profile  TEXT    NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER,
  rows     INTEGER CHECK (rows >= 0),      -- of its files
  rejected INTEGER CHECK (rejected >= 0),  -- rows
  already  INTEGER CHECK (already >= 0),   -- documents that were recorded before
  CHECK ((ended_at IS NULL) = (rows IS NULL) AND (rows IS NULL) = (rejected IS NULL) AND (rows IS NULL) = (already IS NULL))
) STRICT;
CREATE INDEX imports_open ON imports (id) WHERE ended_at IS NULL;
CREATE TRIGGER imports_kept BEFORE DELETE ON imports BEGIN SELECT RAISE(ABORT, 'imports are never deleted: void what they recorded'); END;
CREATE TRIGGER imports_fixed BEFORE UPDATE ON imports
  WHEN OLD.ended_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.who <> OLD.who OR NEW.profile <> OLD.profile OR NEW.begun_at <> OLD.begun_at
  BEGIN SELECT RAISE(ABORT, 'an import is ended once, and not changed otherwise'); END;

CREATE TABLE import_files (
  import INTEGER NOT NULL REFERENCES imports (id),
  number INTEGER NOT NULL,
  name   TEXT    NOT NULL,
  sha256 TEXT    NOT NULL CHECK (length(sha256) = 64),
  bytes  INTEGER NOT NULL CHECK (bytes >= 0),
  PRIMARY KEY (import, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER import_files_kept BEFORE DELETE ON import_files BEGIN SELECT RAISE(ABORT, 'imports are never deleted'); END;
CREATE TRIGGER import_files_fixed BEFORE UPDATE ON import_files BEGIN SELECT RAISE(ABORT, 'imports are never changed'); END;

-- The entries of an import: a row a transaction, whose entries are one after another.
CREATE TABLE import_entries (
  first  INTEGER PRIMARY KEY REFERENCES entries (id),
  last   INTEGER NOT NULL REFERENCES entries (id) CHECK (last >= first),
  import INTEGER NOT NULL REFERENCES imports (id)
) STRICT;
CREATE INDEX import_entries_of ON import_entries (import);
CREATE TRIGGER import_entries_kept BEFORE DELETE ON import_entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER import_entries_fixed BEFORE UPDATE ON import_entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;

-- An import that was voided as a whole: once all that can be voided is.
CREATE TABLE import_voids (
  import    INTEGER PRIMARY KEY REFERENCES imports (id),
  who       TEXT    NOT NULL CHECK (who <> ''),
  voided_at INTEGER NOT NULL,
  reason    TEXT    NOT NULL CHECK (reason <> '')
) STRICT;
CREATE TRIGGER import_voids_kept BEFORE DELETE ON import_voids BEGIN SELECT RAISE(ABORT, 'a void is never taken back'); END;
CREATE TRIGGER import_voids_fixed BEFORE UPDATE ON import_voids BEGIN SELECT RAISE(ABORT, 'voids are never changed'); END;
