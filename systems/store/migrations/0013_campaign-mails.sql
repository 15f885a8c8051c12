-- Up Migration

-- A stay in an audience: a new id with each enter, which the exit leaves in place, so that one who left before
-- the mail is still known by it.
alter table audience_members add column stay_id uuid not null default gen_random_uuid();

-- The mails of campaign jobs: one row a stay, from the moment that the job hears of it to what event files say
-- became of it. No address is kept: a keyed hash of it.
create table campaign_mails (
  job_id text not null,
  stay_id uuid not null,
  -- The order in which stays were heard of.
  no bigint generated always as identity,
  audience_id uuid not null,
  profile_id uuid not null,
  fate text not null default 'waiting' check (fate in (
    'waiting', 'claimed', 'accepted', 'rejected', 'unknown',
    'left', 'same-address', 'opted-out', 'too-soon', 'not-in-list')),
  -- Of a rejection, and of what is unknown: a stable class, and Responsys' own words.
  reason_code text,
  words text,
  -- The claim: which attempt of which lane is about to trigger it, or did. Before it, of a back-fill: its lane.
  lane text check (lane in ('live', 'bulk')),
  attempt uuid,
  claimed_at timestamptz,
  -- To whom: the hash of the address, by the newest key of its time, and the record.
  key_id smallint,
  address_hash bytea,
  riid text,
  -- By which event files name the campaign; null where the account does not tell.
  campaign_id text,
  -- What event files said afterwards.
  outcome text check (outcome in ('sent', 'skipped', 'failed', 'bounced')),
  outcome_reason text,
  outcome_at timestamptz,
  opened_at timestamptz,
  clicked_at timestamptz,
  heard_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (job_id, stay_id)
);
-- Entered, left and entered before anything was sent is one stay: the row that waits moves on to the newer one.
create unique index one_waiting_mail on campaign_mails (job_id, profile_id, audience_id) where fate = 'waiting';
create index campaign_mails_of_profile on campaign_mails (job_id, profile_id);
create unique index campaign_mails_by_no on campaign_mails (no);
create index campaign_mails_of_stay on campaign_mails (stay_id);
create index campaign_mails_by_fate on campaign_mails (job_id, fate, no);
create index campaign_mails_by_address on campaign_mails (address_hash) where address_hash is not null;
create index campaign_mails_by_record on campaign_mails (riid, campaign_id) where riid is not null;
create index campaign_mails_of_day on campaign_mails (job_id, claimed_at) where claimed_at is not null;

-- Which attempt may claim in a lane of a job: one that was overtaken claims nothing more.
create table campaign_lanes (
  job_id text not null references jobs on delete cascade,
  lane text not null check (lane in ('live', 'bulk')),
  attempt uuid not null,
  primary key (job_id, lane)
);

-- Requests of every kind of job.
alter table requests drop constraint requests_target_check;
alter table requests add constraint requests_target_check
  check (target in ('list', 'fields', 'memberships', 'trigger'));

-- Whom a walk goes through: besides, the members that a campaign mails first, and mails of unknown fate again.
alter table scans drop constraint scans_kind_check;
alter table scans add constraint scans_kind_check check (kind in ('audience', 'retry', 'backfill', 'unknown'));

-- Down Migration
alter table scans drop constraint scans_kind_check;
delete from scans where kind in ('backfill', 'unknown');
alter table scans add constraint scans_kind_check check (kind in ('audience', 'retry'));
delete from requests where target = 'trigger';
alter table requests drop constraint requests_target_check;
alter table requests add constraint requests_target_check check (target in ('list', 'fields', 'memberships'));
drop table campaign_lanes, campaign_mails;
alter table audience_members drop column stay_id;
