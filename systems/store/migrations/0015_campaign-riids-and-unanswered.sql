-- Up Migration

-- The account under whose id the RIID of a mail stands in the profile, as of job_members.
alter table campaign_mails add column riid_account text;
create index campaign_mails_riid_owed on campaign_mails (job_id, no) where riid is not null and riid_account is null;

-- Triggers in a row that got no answer, and when that of the last one was given up.
alter table job_fuses add column unanswered integer not null default 0;
alter table job_fuses add column unanswered_at timestamptz;

-- Down Migration
alter table job_fuses drop column unanswered_at;
alter table job_fuses drop column unanswered;
drop index campaign_mails_riid_owed;
alter table campaign_mails drop column riid_account;
