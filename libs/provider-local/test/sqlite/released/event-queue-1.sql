-- The tables of version 1 of the queue, with an event that was under way and a dead letter. Never edited.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES('event_queue',1.0);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_ms REAL NOT NULL,
    is_leased INTEGER NOT NULL,
    UNIQUE (source, id)
  );
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died_at_ms REAL NOT NULL
  );
INSERT INTO events VALUES(2,'waits','/runvoy/core','{"specversion":"1.0","id":"waits","source":"/runvoy/core","type":"dev.runvoy.execution.look.v1","time":"2026-11-28T17:47:15.919Z","datacontenttype":"application/json","data":{"execution_id":"8783e8044eabd673015179b9bcef48b4"}}',3,1795888036000.0,1);
INSERT INTO dead_letters VALUES(1,'{"specversion":"1.0","id":"dead","source":"/runvoy/core","type":"dev.runvoy.execution.look.v1","time":"2026-11-28T17:47:15.919Z","datacontenttype":"application/json","data":{"execution_id":"8783e8044eabd673015179b9bcef48b4"}}',100,'The receiver asked for it again.',1795888036000.0);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('events',2);
CREATE INDEX events_by_due ON events (due_ms);
COMMIT;
