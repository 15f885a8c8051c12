-- Up Migration

-- Of a scan, the page that noted a record, by its position: several pages are under way at once, and profiles of
-- two of them may turn out to be one person.
alter table job_records add column page bigint;

-- Down Migration
alter table job_records drop column page;
