-- Up Migration

-- A scan writes several rows a member, and a foreign key is checked for each: that was half of what the store
-- did. Whose rows they are is checked once a page instead: the transaction holds the job's row, or the scan's.
-- Neither is ever deleted.
alter table scan_members drop constraint scan_members_scan_id_fkey;
alter table ledger drop constraint ledger_job_id_fkey;
alter table job_members drop constraint job_members_job_id_fkey;
alter table job_records drop constraint job_records_job_id_fkey;

-- A record is written twice: noted, and settled. With room beside it, the second touches no index.
alter table job_records set (fillfactor = 50);

-- Down Migration
alter table job_records reset (fillfactor);
alter table job_records add constraint job_records_job_id_fkey
  foreign key (job_id) references jobs on delete cascade;
alter table job_members add constraint job_members_job_id_fkey
  foreign key (job_id) references jobs on delete cascade;
alter table ledger add constraint ledger_job_id_fkey foreign key (job_id) references jobs on delete cascade;
alter table scan_members add constraint scan_members_scan_id_fkey
  foreign key (scan_id) references scans on delete cascade;
