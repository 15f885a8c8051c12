/** Where a workflow is in the Web UI. */
import type { Context } from './context.ts';

/** Undefined where it is not known where the Web UI is. */
export function workflowUrl({ uiUrl }: Context, workflowId: string): string | undefined {
  if (uiUrl === undefined) return undefined;
  return `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
}
