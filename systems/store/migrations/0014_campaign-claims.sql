-- Up Migration

-- The claims of campaign mails: each is a trigger that may have gone, until its answer says what became of it.
-- One that was proved unsent is no claim any more. A mail that is triggered again has several.
create table campaign_claims (
  mail_no bigint not null references campaign_mails (no) on delete cascade,
  -- Which attempt of which lane is about to trigger it, or did.
  attempt uuid not null,
  lane text not null check (lane in ('live', 'bulk')),
  job_id text not null,
  claimed_at timestamptz not null default clock_timestamp(),
  -- `awaited`: the call is under way. `none`: no answer came. `taken`: it went, by the answer or by an event file.
  -- `refused`: Responsys did not take it.
  answer text not null default 'awaited' check (answer in ('awaited', 'none', 'taken', 'refused')),
  -- To whom: the hash of the address, by the newest key of its time, and the record.
  key_id smallint not null,
  address_hash bytea not null,
  riid text,
  -- By which event files name the campaign; null where the account does not tell.
  campaign_id text,
  primary key (mail_no, attempt)
);
create index campaign_claims_by_address on campaign_claims (address_hash);
create index campaign_claims_by_record on campaign_claims (riid, campaign_id) where riid is not null;
create index campaign_claims_of_day on campaign_claims (job_id, claimed_at);
create index campaign_claims_awaited on campaign_claims (job_id) where answer = 'awaited';
create index campaign_claims_unanswered on campaign_claims (job_id) where answer = 'none';

insert into campaign_claims
       (mail_no, attempt, lane, job_id, claimed_at, answer, key_id, address_hash, riid, campaign_id)
select no, attempt, lane, job_id, claimed_at,
       case fate when 'claimed' then 'awaited' when 'accepted' then 'taken' when 'unknown' then 'none'
                 else 'refused' end,
       key_id, address_hash, riid, campaign_id
  from campaign_mails
 where claimed_at is not null and attempt is not null and address_hash is not null;

-- Waits for the walk of a back-fill alone.
alter table campaign_mails add column of_backfill boolean not null default false;
update campaign_mails set of_backfill = true where fate = 'waiting' and lane = 'bulk';
-- Their indexes go with them.
alter table campaign_mails
  drop column lane, drop column attempt, drop column claimed_at, drop column key_id, drop column address_hash,
  drop column campaign_id;

-- Down Migration
alter table campaign_mails
  add column lane text check (lane in ('live', 'bulk')), add column attempt uuid, add column claimed_at timestamptz,
  add column key_id smallint, add column address_hash bytea, add column campaign_id text;
update campaign_mails set lane = 'bulk' where of_backfill;
update campaign_mails as mails
   set lane = claim.lane, attempt = claim.attempt, claimed_at = claim.claimed_at, key_id = claim.key_id,
       address_hash = claim.address_hash, campaign_id = claim.campaign_id
  from (select distinct on (mail_no) * from campaign_claims order by mail_no, claimed_at desc) as claim
 where mails.no = claim.mail_no and fate <> 'waiting';
create index campaign_mails_by_address on campaign_mails (address_hash) where address_hash is not null;
create index campaign_mails_by_record on campaign_mails (riid, campaign_id) where riid is not null;
create index campaign_mails_of_day on campaign_mails (job_id, claimed_at) where claimed_at is not null;
alter table campaign_mails drop column of_backfill;
drop table campaign_claims;
