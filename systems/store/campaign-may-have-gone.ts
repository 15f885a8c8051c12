/**
 * What keeps a mail from ever counting as one that did not go: a claim (campaign-claims.ts) that nobody has
 * proved to have sent nothing. One that was proved unsent is no row any more.
 */

/** Whether a trigger of this mail went, or may have. SQL. @param no the mail's number */
export const mayHaveGone = (no: string): string =>
  `exists (select 1 from campaign_claims where mail_no = ${no} and answer <> 'refused')`;
