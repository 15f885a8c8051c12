/**
 * What the check against the account settles for an export: which column takes what, in which table. Sends
 * read it; it holds names only, never values.
 */
import type { IdentifierColumn } from './export-audience.ts';
import type { ColumnType, Kind } from './user-fields.ts';

export interface IdMapping {
  readonly field: string;
  readonly column: IdentifierColumn;
}

export interface FieldColumn {
  readonly field: string;
  readonly kind: Kind;
  readonly column: string;
  /** As the table has it: one of `columnTypes`, or another STRn in a table that is not ours. */
  readonly type: string;
}

export interface MembershipColumn {
  readonly audienceId: string;
  readonly column: string;
}

export interface Table<Column> {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** A table that the job has to make first. */
export interface NewTable {
  readonly name: string;
  readonly folder: string;
  readonly fields: readonly { readonly name: string; readonly type: ColumnType }[];
}

export interface ExportPlan {
  readonly list: string;
  readonly sourceAudienceId: string;
  readonly idMappings: readonly IdMapping[];
  readonly matchColumns: readonly IdentifierColumn[];
  readonly insertOnNoMatch: boolean;
  readonly fields: Table<FieldColumn> | null;
  readonly memberships: Table<MembershipColumn> | null;
  /** What the reader should know, though it stops nothing. */
  readonly warnings: readonly string[];
}
