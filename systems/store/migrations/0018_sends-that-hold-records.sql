-- Up Migration

-- The send that noted a record last, an id of its own with each attempt: several pages of a scan are under way at
-- once, and profiles of two of them may turn out to be one person. Null for those noted before there was this.
alter table job_records add column send_id uuid;

-- Down Migration
alter table job_records drop column send_id;
