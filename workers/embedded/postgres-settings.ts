/** How the embedded PostgreSQL is set. */

/**
 * Nothing is risked for speed: a commit is on disk when it is answered. The log has neither statements nor
 * their errors, since both quote values, which are personal data here.
 */
export const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  // A table larger than a quarter of this is not kept in memory by a scan of it: 300 scans of 300,000 rows took
  // 0.6 to 1.9 s with this, and 3.5 to 5.7 s with half of it. Memory is taken only as it is used.
  shared_buffers: '256MB',
  synchronous_commit: 'on',
  jit: 'off',
  // A container's /dev/shm is often 64 MB, too little for parallel queries.
  max_parallel_workers_per_gather: '0',
  max_wal_size: '2GB',
  // The data are on an SSD, or small enough to be cached.
  random_page_cost: '1.1',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
};
