-- Up Migration

-- How the file is read, from its first row to its last: delimiter, mapping and time zone of the configuration
-- that it was begun under. Nothing once it is done.
alter table event_files add column reading jsonb;

-- Down Migration
alter table event_files drop column reading;
