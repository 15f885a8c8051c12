/** The job of the runs under fire: with both tables, a second audience, and a field that has members sent again. */
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import { addAuthorization } from '../../systems/store/authorizations.ts';
import type { Pool } from '../../systems/store/database.ts';
import type { keyFrom } from '../../systems/store/secrets.ts';
import type { TestSandbox } from '../harness/sandbox.ts';

export const addSandboxAuthorization = (
  store: Pool,
  key: ReturnType<typeof keyFrom>,
  { username, password, login }: TestSandbox,
): ReturnType<typeof addAuthorization> =>
  addAuthorization(store, key, {
    kind: 'responsys-interact',
    label: 'Sandbox',
    description: '',
    username,
    password,
    endpointUri: login,
  });

interface Pace {
  readonly batchSize: number;
  readonly flushInterval: string;
}

export const configurationFor = (list: string, label: string, pace: Pace): ExportAudienceConfiguration =>
  exportAudienceSchema.parse({
    job: 'export-audience',
    authorization: 'Sandbox',
    label,
    audience: 'Source',
    list,
    matchColumn1: 'EMAIL_ADDRESS_',
    additionalFields: ['tier'],
    fieldsTable: `F${list}`,
    fieldsToTrigger: ['tier'],
    exportAudienceMemberships: ['Source', 'Other'],
    membershipsTable: `M${list}`,
    ...pace,
  });
