/**
 * The sandbox's one SQLite file. Every request is one transaction, so that a kill at any time leaves whole
 * requests only; statements are prepared once.
 */
import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';

const schema = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS folders (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS lists (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, folder TEXT NOT NULL, fields TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS extension_tables (
    id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL, fields TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS campaigns (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, campaign_id INTEGER NOT NULL, campaign TEXT NOT NULL,
    purpose TEXT NOT NULL, subject TEXT NOT NULL, list_id INTEGER NOT NULL, riid INTEGER NOT NULL, email TEXT NOT NULL,
    customer_id TEXT NOT NULL, optional_data TEXT NOT NULL, skipped TEXT, told INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX IF NOT EXISTS outbox_untold ON outbox (id) WHERE told = 0;
  CREATE TABLE IF NOT EXISTS told_launches (launch_id INTEGER PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS undeliverable (email TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, username TEXT NOT NULL, issued_ms INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS failed_logins (username TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Statements kept prepared; beyond it all are let go, since the texts vary with the columns of the callers. */
const maxStatements = 500;

export interface Storage {
  /** A prepared statement, kept for its text. */
  prepare(sql: string): StatementSync;
  /** Runs one or more statements that return nothing. */
  execute(sql: string): void;
  /** All or nothing of `work`. */
  transaction<Result>(work: () => Result): Result;
  setting(key: string): string | undefined;
  setSetting(key: string, value: string): void;
  /** Empties the file: all content, tokens and settings. */
  wipe(): void;
  close(): void;
}

/** Opens, or makes, the file. @throws Error when another process holds it or it is no SQLite file */
export function openStorage(file: string): Storage {
  const database = openExclusively(file);
  // Nothing waits for the disk: a killed process loses nothing by that, only a machine without power does.
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -131072; PRAGMA wal_autocheckpoint = 8000;');
  defineFunctions(database);
  database.exec(schema);
  const statements = new Map<string, StatementSync>();

  function prepare(sql: string): StatementSync {
    let statement = statements.get(sql);
    if (statement === undefined) {
      if (statements.size >= maxStatements) statements.clear();
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  }

  function transaction<Result>(work: () => Result): Result {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    prepare,
    execute: (sql) => database.exec(sql),
    transaction,
    setting(key) {
      const row = prepare('SELECT value FROM meta WHERE key = ?').get(key);
      return row === undefined ? undefined : String(row['value']);
    },
    setSetting(key, value) {
      prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
    },
    wipe() {
      statements.clear();
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      transaction(() => {
        for (const { name } of tables) database.exec(`DROP TABLE "${String(name)}"`);
        database.exec(schema);
      });
    },
    close: () => database.close(),
  };
}

/** What is derived from an e-mail address. The hashes are of the address trimmed and in lower case. */
function defineFunctions(database: DatabaseSync): void {
  const define = (name: string, of: (email: string) => string) =>
    database.function(name, { deterministic: true }, (email) =>
      typeof email === 'string' ? of(email.trim().toLowerCase()) : null,
    );
  define('email_domain', (email) => email.slice(email.lastIndexOf('@') + 1));
  define('email_md5', (email) => hash('md5', email));
  define('email_sha256', (email) => hash('sha256', email));
}

/** One process owns the file: its writes need no locks of others, and a second sandbox on it is a mistake. */
function openExclusively(file: string): DatabaseSync {
  try {
    const database = new DatabaseSync(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;');
    return database;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const why = text.includes('locked') ? 'it is in use by another process' : text;
    throw new Error(`The data ${file} cannot be opened: ${why}`, { cause: error });
  }
}
