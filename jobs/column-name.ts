/**
 * Names of columns and tables in Responsys: which are legal, and the column of an audience.
 * Source of the rules: Oracle's REST guide, tips-common, and the help page on data types and field names.
 */
import { maxColumnNameLength } from './limits.ts';

/**
 * Words that Responsys keeps for itself: those that its help names, and the SQL words of the database below
 * it. The help's own list is longer than what could be read of it, so a refusal by the service is possible.
 */
const reservedWords = new Set(
  `A E G K M P T U ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COMMENT
   COMPRESS CONNECT CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE END EXCLUSIVE EXISTS
   FILE FIRST FLOAT FOR FROM GRANT GROUP HAVING ID IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT
   INTEGER INTERSECT INTO IS LAST LEVEL LIKE LOCK LONG MAXEXTENTS MINUS MODE MODIFY NOAUDIT NOCOMPRESS NOT
   NOWAIT NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER PCTFREE PRIOR PRIVILEGES PUBLIC RAW RENAME
   RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM
   SYSDATE TABLE TEST THEN TO TRIGGER UID UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW
   WHENEVER WHERE WITH`.split(/\s+/),
);

/** Responsys tells names of lists, tables and columns apart by more than case. */
export const sameName = (one: string, other: string): boolean => one.toUpperCase() === other.toUpperCase();

/** What is wrong with a column's name, in the reader's words; undefined when it is legal. */
export function columnNameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.length > maxColumnNameLength)
    return `has ${name.length} characters, ${maxColumnNameLength} are allowed`;
  if (!/^[A-Za-z]/.test(name)) return 'does not start with a letter';
  const odd = /[^A-Za-z0-9$#_]/.exec(name);
  if (odd !== null) return `has the character "${odd[0]}"; letters, digits, $, # and _ are allowed`;
  if (name.endsWith('_')) return 'ends in _, which Responsys keeps for its own columns';
  if (reservedWords.has(name.toUpperCase())) return 'is a word that Responsys reserves';
  return undefined;
}

/**
 * The column of an audience: its name, ASCII-folded, in upper case, other characters `_`. Where more than
 * case and blanks had to be altered, or the result is not legal or taken, it is cut to 23 characters and
 * ends in `_` and 6 hex digits of the audience's id.
 * @param audienceId a random UUID
 */
export function audienceColumn(
  name: string,
  audienceId: string,
  isTaken: (column: string) => boolean,
): string {
  const folded = name.normalize('NFKD').replace(/\p{Mark}/gu, '');
  const column = folded.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  const altered = name.toUpperCase().replaceAll(' ', '_') !== column;
  if (!altered && columnNameFault(column) === undefined && !isTaken(column)) return column;
  const start = /^[A-Z]/.test(column) ? column : `A_${column}`;
  return `${start.slice(0, 23)}_${audienceId.replaceAll('-', '').slice(0, 6).toUpperCase()}`;
}
