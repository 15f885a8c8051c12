/** The variables by which `npm test` hands the shared servers' addresses to the test files. */
export const POSTGRES_VARIABLE = 'LYTICS_RESPONSYS_TEST_POSTGRES';
export const TEMPORAL_VARIABLE = 'LYTICS_RESPONSYS_TEST_TEMPORAL';
