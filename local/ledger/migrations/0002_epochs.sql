-- A row each time that the ledger began to publish under another source, because
-- an old copy of it went on where Kafka had more (`comptoir ledger new-epoch`). Its
-- source is /ledgers/<source>; that of the first epoch is ledger.id.
CREATE TABLE epochs (
  number   INTEGER PRIMARY KEY CHECK (number > 1),
  source   TEXT    NOT NULL UNIQUE,
  begun_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER epochs_kept BEFORE DELETE ON epochs BEGIN SELECT RAISE(ABORT, 'epochs are never deleted'); END;
CREATE TRIGGER epochs_fixed BEFORE UPDATE ON epochs BEGIN SELECT RAISE(ABORT, 'epochs are never changed'); END;
