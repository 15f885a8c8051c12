/**
 * The search attributes by which jobs are found in Temporal's Web UI. They are not encrypted by anything, and
 * so hold names that people gave to jobs and lists, never anybody's data.
 */
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';

export const jobKind = defineSearchAttributeKey('JobKind', SearchAttributeType.KEYWORD);
export const sourceAudience = defineSearchAttributeKey('SourceAudience', SearchAttributeType.KEYWORD);
export const responsysList = defineSearchAttributeKey('ResponsysList', SearchAttributeType.KEYWORD);
export const authorizationLabel = defineSearchAttributeKey('AuthorizationLabel', SearchAttributeType.KEYWORD);
export const hasRejected = defineSearchAttributeKey('HasRejected', SearchAttributeType.BOOL);

export const searchAttributes = [
  jobKind,
  sourceAudience,
  responsysList,
  authorizationLabel,
  hasRejected,
] as const;
