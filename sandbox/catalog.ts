/**
 * The account's folders, profile lists and extension tables: their definitions in the file, a copy in memory.
 * Each list and table is an SQL table of its own with one text column a field.
 */
import { listSystemFields } from './columns.ts';
import type { Field } from './columns.ts';
import type { Config } from './config.ts';
import { Refused } from './errors.ts';
import { definesField, isDerived } from './sql-columns.ts';
import type { Storage } from './storage.ts';

interface Rows {
  readonly id: number;
  readonly name: string;
  readonly folder: string;
  /** The name of the SQL table. */
  readonly sql: string;
  /** A field by its name in any case. */
  readonly field: (name: string) => Field | undefined;
  /** How many rows there are; kept, since counting a large table takes too long for a page. */
  count: number;
}

export interface ProfileList extends Rows {
  /** System columns and the list's own. */
  readonly fields: readonly Field[];
  /** By name. */
  readonly tables: Map<string, ExtensionTable>;
}

export interface ExtensionTable extends Rows {
  /** The table's own columns, without the system's. */
  readonly fields: readonly Field[];
}

export interface Folder {
  readonly id: number;
  readonly name: string;
  readonly createdMs: number;
}

export interface Catalog {
  readonly lists: ReadonlyMap<string, ProfileList>;
  /** @throws Refused LIST_NOT_FOUND */
  list(name: string): ProfileList;
  /** @throws Refused PROFILE_EXTENSION_NOT_FOUND */
  table(list: ProfileList, name: string): ExtensionTable;
  addTable(list: ProfileList, table: { name: string; folder: string; fields: readonly Field[] }): void;
  folders(): readonly Folder[];
  hasFolder(name: string): boolean;
  addFolder(name: string): Folder;
  /** Reads the file again, and makes what the configuration has and the file lacks. */
  load(config: Config): void;
}

/** Behind those of the campaigns that generated event files are about. */
const firstCampaignId = 20_001;

export function openCatalog(storage: Storage): Catalog {
  const lists = new Map<string, ProfileList>();

  const byName = (fields: readonly Field[]) => {
    const map = new Map(fields.map((field) => [field.name.toUpperCase(), field]));
    return (name: string) => map.get(name.toUpperCase());
  };
  const countRows = (sql: string) => Number(storage.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.['n']);

  function openTable(id: number, name: string, folder: string, fields: readonly Field[]): ExtensionTable {
    const sql = `table_${id}`;
    return { id, name, folder, sql, fields, field: byName(fields), count: countRows(sql) };
  }

  function hasFolder(name: string): boolean {
    return storage.prepare('SELECT 1 FROM folders WHERE name = ?').get(name) !== undefined;
  }

  function addFolder(name: string): Folder {
    const createdMs = Date.now();
    const { lastInsertRowid } = storage
      .prepare('INSERT INTO folders (name, created_ms) VALUES (?, ?)')
      .run(name, createdMs);
    return { id: Number(lastInsertRowid), name, createdMs };
  }

  function addList(list: string, folder: string, own: readonly Field[]): void {
    const fields = [...listSystemFields, ...own];
    const { lastInsertRowid: id } = storage
      .prepare('INSERT INTO lists (name, folder, fields) VALUES (?, ?, ?)')
      .run(list, folder, JSON.stringify(fields));
    const columns = fields
      .filter(({ name }) => !isDerived(name))
      .map(({ name }) => definesField(name))
      .join(', ');
    storage.execute(`
      CREATE TABLE list_${id} (${columns});
      CREATE INDEX list_${id}_email ON list_${id} ("EMAIL_ADDRESS_") WHERE "EMAIL_ADDRESS_" IS NOT NULL;
      CREATE INDEX list_${id}_customer ON list_${id} ("CUSTOMER_ID_") WHERE "CUSTOMER_ID_" IS NOT NULL;
      CREATE INDEX list_${id}_mobile ON list_${id} ("MOBILE_NUMBER_") WHERE "MOBILE_NUMBER_" IS NOT NULL;`);
  }

  const nextCampaignId = () =>
    Number(storage.prepare('SELECT max(id) AS id FROM campaigns').get()?.['id'] ?? firstCampaignId - 1) + 1;

  return {
    lists,
    list(name) {
      const found = lists.get(name);
      if (found === undefined) throw new Refused('LIST_NOT_FOUND', `${name} List Not Found`);
      return found;
    },
    table(list, name) {
      const found = list.tables.get(name);
      if (found === undefined)
        throw new Refused('PROFILE_EXTENSION_NOT_FOUND', `${name} Profile Extension Not Found`);
      return found;
    },
    addTable(list, { name, folder, fields }) {
      const { lastInsertRowid } = storage
        .prepare('INSERT INTO extension_tables (list_id, name, folder, fields) VALUES (?, ?, ?, ?)')
        .run(list.id, name, folder, JSON.stringify(fields));
      const id = Number(lastInsertRowid);
      const columns = fields.map((field) => `, "${field.name}" TEXT`).join('');
      storage.execute(
        `CREATE TABLE table_${id} ("RIID_" INTEGER PRIMARY KEY, "CREATED_DATE_" TEXT, "MODIFIED_DATE_" TEXT${columns})`,
      );
      list.tables.set(name, openTable(id, name, folder, fields));
    },
    folders: () =>
      storage
        .prepare('SELECT id, name, created_ms FROM folders ORDER BY id')
        .all()
        .map((row) => ({
          id: Number(row['id']),
          name: String(row['name']),
          createdMs: Number(row['created_ms']),
        })),
    hasFolder,
    addFolder,
    load(config) {
      storage.transaction(() => {
        for (const name of config.folders) if (!hasFolder(name)) addFolder(name);
        const known = new Set(
          storage
            .prepare('SELECT name FROM lists')
            .all()
            .map((row) => row['name']),
        );
        for (const { name, folder, fields } of config.lists) {
          if (!hasFolder(folder)) addFolder(folder);
          if (!known.has(name)) addList(name, folder, fields);
        }
        const nameCampaign = storage.prepare('INSERT OR IGNORE INTO campaigns (id, name) VALUES (?, ?)');
        for (const { name } of config.campaigns) nameCampaign.run(nextCampaignId(), name);
        storage.prepare('DELETE FROM undeliverable').run();
        const refuse = storage.prepare('INSERT OR IGNORE INTO undeliverable (email) VALUES (?)');
        for (const email of config.undeliverable) refuse.run(email);
      });
      lists.clear();
      for (const row of storage.prepare('SELECT * FROM lists ORDER BY id').all()) {
        const [id, name, folder] = [Number(row['id']), String(row['name']), String(row['folder'])];
        const fields = JSON.parse(String(row['fields'])) as Field[];
        const sql = `list_${id}`;
        const tables = new Map<string, ExtensionTable>();
        const list = { id, name, folder, sql, fields, field: byName(fields), tables, count: countRows(sql) };
        lists.set(name, list);
        for (const table of storage.prepare('SELECT * FROM extension_tables WHERE list_id = ?').all(id)) {
          const own = JSON.parse(String(table['fields'])) as Field[];
          const tableName = String(table['name']);
          tables.set(tableName, openTable(Number(table['id']), tableName, String(table['folder']), own));
        }
      }
    },
  };
}
