-- Up Migration

-- When Responsys last answered which record is this person's: events before it tell no newer RIID.
alter table profiles add column riid_at timestamptz;

-- The account under whose id the answered RIID stands in the profile; nothing where the account is not known
-- yet, and the RIID still has to be written there.
alter table job_members add column riid_account text;
create index job_members_riid_owed on job_members (job_id, profile_id) where riid is not null and riid_account is null;

create index event_files_by_account on event_files (account_id);

-- Down Migration
drop index event_files_by_account;
alter table job_members drop column riid_account;
alter table profiles drop column riid_at;
