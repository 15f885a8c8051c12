/**
 * Which handler serves which function of the API. The type makes sure that each function of `functions.ts`
 * has one; a new function is a row there and a line here.
 */
import { retrieveCampaign, retrieveCampaigns, retrieveDataSources } from './campaigns.ts';
import type { Answer, Call, Context, Handler } from './context.ts';
import { createFolder, retrieveFolders } from './folders.ts';
import type { FunctionName } from './functions.ts';
import { rateLimits } from './limits.ts';
import * as members from './list-members.ts';
import { mergeListRecipients } from './list-merge.ts';
import { createTable, retrieveListFields, retrieveLists, retrieveTables } from './lists.ts';
import * as rows from './table-members.ts';
import { mergeTableRecipients } from './table-merge.ts';
import { mergeTriggerEmail, triggerEmail } from './trigger.ts';

export const handlers: Readonly<Record<Exclude<FunctionName, 'Login'>, Handler>> = {
  'Retrieve Rate Limits': (context) => ({ body: rateLimits(context.config()) }),
  'Get User Information': userInformation,
  'Get Endpoint URL': (context) => ({ body: [{ apiType: 'rest', endPoint: context.endPoint() }] }),
  'Retrieve Account Folders': retrieveFolders,
  'Create Folder': createFolder,
  'Retrieve Profile Lists': retrieveLists,
  'Retrieve Profile List Fields': retrieveListFields,
  'Retrieve List Recipients Count': members.countMembers,
  'Merge List Recipients': mergeListRecipients,
  'Retrieve List Recipients': members.retrieveMembers,
  'Delete List Recipients': transactional(members.deleteMembers),
  'Retrieve List Recipient': members.retrieveMember,
  'Delete List Recipient': transactional(members.deleteMember),
  'Retrieve List Recipient by RIID': members.retrieveMemberByRiid,
  'Delete List Recipient by RIID': transactional(members.deleteMemberByRiid),
  'Retrieve Profile Extensions': retrieveTables,
  'Create Profile Extension': createTable,
  'Merge Profile Extension Recipients': mergeTableRecipients,
  'Retrieve Profile Extension Recipients': rows.retrieveRows,
  'Delete Profile Extension Recipients': transactional(rows.deleteRows),
  'Retrieve Profile Extension Recipient': rows.retrieveRow,
  'Retrieve Profile Extension Recipient by RIID': rows.retrieveRowByRiid,
  'Delete Profile Extension Recipient by RIID': transactional(rows.deleteRowByRiid),
  'Fetch All Campaigns': retrieveCampaigns,
  'Fetch A Campaign': retrieveCampaign,
  'Retrieve Campaign Data Sources': retrieveDataSources,
  'Merge Trigger Email': transactional(mergeTriggerEmail),
  'Trigger Email Message': transactional(triggerEmail),
};

function transactional(handler: Handler): Handler {
  return (context, call) => context.storage.transaction(() => handler(context, call));
}

/** Source: Oracle's API description. */
function userInformation(context: Context, call: Call): Answer {
  const { account, users } = context.config();
  return {
    body: {
      accountName: account.name,
      userName: call.username,
      userEmail: users[call.username]?.email ?? '',
      userLocale: 'en_US',
      accountDisplayName: account.displayName,
      accountTimeZone: account.timeZone,
      createdDate: '2020-01-01T00:00:00.000Z',
    },
  };
}
