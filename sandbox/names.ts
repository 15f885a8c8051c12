/**
 * Which names of columns and tables Responsys takes. Written from the reference (§3.3) by itself, not shared
 * with the client, so that a misreading on one side shows.
 */

const maxNameLength = 30;

/**
 * The words that the reference names, and Oracle's own reserved SQL words. The real list is longer than what
 * could be read of it.
 */
const reserved = new Set(
  (
    'A E G K M P T U DATE NUMBER ORDER USER LEVEL FILE COMMENT ID FIRST LAST START TEST VIEW ' +
    'ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COMPRESS CONNECT CREATE ' +
    'CURRENT DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FLOAT FOR FROM GRANT GROUP ' +
    'HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LIKE LOCK LONG ' +
    'MAXEXTENTS MINUS MODE MODIFY NOAUDIT NOCOMPRESS NOT NOWAIT NULL OF OFFLINE ON ONLINE OPTION OR PCTFREE ' +
    'PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT ' +
    'SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE UPDATE VALIDATE VALUES VARCHAR ' +
    'VARCHAR2 WHENEVER WHERE WITH'
  ).split(' '),
);

/** Why a column of an extension table may not have this name; undefined when it may. */
export function fieldNameFault(name: string): string | undefined {
  if (name.length === 0 || name.length > maxNameLength) return `must have 1 to ${maxNameLength} characters`;
  if (!/^[A-Za-z]/.test(name)) return 'must start with a letter';
  if (!/^[A-Za-z0-9$#_]+$/.test(name)) return 'may contain only letters, digits, $, # and _';
  if (name.endsWith('_')) return 'must not end in _';
  if (reserved.has(name.toUpperCase())) return 'is a reserved word';
  return undefined;
}

/**
 * Why an extension table may not have this name. Length, first letter: reference §3.3; blanks and hyphens are
 * allowed besides the characters of a column, since tables in the wild have them (`MP{id}-{name}`).
 */
export function tableNameFault(name: string): string | undefined {
  if (name.length === 0 || name.length > maxNameLength) return `must have 1 to ${maxNameLength} characters`;
  if (!/^[A-Za-z]/.test(name)) return 'must start with a letter';
  if (!/^[A-Za-z0-9$#_ -]+$/.test(name)) return 'may contain only letters, digits, blanks, $, #, _ and -';
  return undefined;
}
