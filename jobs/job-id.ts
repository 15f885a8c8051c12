/**
 * The names by which a job is known: its id, and the ids of its workflows in Temporal.
 */

const letters = 'abcdefghijklmnopqrstuvwxyz';
const lettersAndDigits = letters + '0123456789';

/**
 * A new Job ID: 10 characters `[a-z][a-z0-9]*`, so that `Lytics_User_Fields_{Job ID}` is a legal table name.
 * @param randomByte a number from 0 to 255, evenly spread
 */
export function newJobId(randomByte: () => number): string {
  const pick = (alphabet: string): string => {
    // Bytes beyond the last whole multiple would favour the alphabet's first letters.
    const fair = 256 - (256 % alphabet.length);
    let byte = randomByte();
    while (byte >= fair) byte = randomByte();
    return alphabet.charAt(byte % alphabet.length);
  };
  return pick(letters) + Array.from({ length: 9 }, () => pick(lettersAndDigits)).join('');
}

export const exportAudienceWorkflowId = (jobId: string): string => `export-audience/${jobId}`;

export const scanAudienceWorkflowId = (jobId: string): string => `scan-audience/${jobId}`;

export const exportCampaignWorkflowId = (jobId: string): string => `export-campaign/${jobId}`;

/** The walk through the members that a campaign job mails together. */
export const walkCampaignWorkflowId = (jobId: string): string => `walk-campaign/${jobId}`;

export const importActivityWorkflowId = (jobId: string): string => `import-activity/${jobId}`;

/** The workflow of a job. @param kind of the job, as its file names it */
export const workflowIdOfJob = (kind: string, jobId: string): string => `${kind}/${jobId}`;

/** The workflow that walks members for a job, beside the job's own. @param kind of the job */
export const walkWorkflowIdOf = (kind: string, jobId: string): string =>
  kind === 'export-campaign' ? walkCampaignWorkflowId(jobId) : scanAudienceWorkflowId(jobId);

/** One relay serves every job of a store. */
export const relayWorkflowId = 'relay-changes';

/** The schedule that looks at audiences by rule, and the first words of its runs' ids. */
export const reevaluateScheduleId = 'reevaluate-due';

/** The queue that all workers poll, for workflows and activities. */
export const taskQueue = 'lytics-responsys';
