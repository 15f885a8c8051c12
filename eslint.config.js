import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The import arrows of docs/architecture.md: what a folder may not import, by the folder's name in the
 * relative path. `types` lists what it may import as types only.
 */
const arrows = [
  {
    folder: 'jobs',
    never: ['workflows', 'activities', 'systems', 'lql', 'workers', 'client', 'sandbox', 'demo'],
  },
  {
    folder: 'workflows',
    never: ['systems', 'lql', 'workers', 'client', 'sandbox', 'demo'],
    types: ['activities'],
    modules: ['zod', 'node:*', 'pg', 'axios'],
  },
  { folder: 'activities', never: ['workflows', 'workers', 'client', 'sandbox', 'demo'] },
  { folder: 'systems', never: ['workflows', 'activities', 'workers', 'client', 'sandbox', 'demo'] },
  { folder: 'lql', never: ['workflows', 'activities', 'systems', 'workers', 'client', 'sandbox', 'demo'] },
  { folder: 'workers', never: ['client', 'sandbox', 'demo'] },
  { folder: 'client', never: ['workers', 'sandbox', 'demo'] },
  { folder: 'sandbox', never: ['workflows', 'activities', 'systems', 'lql', 'workers', 'client', 'demo'] },
];

const arrowRules = arrows.map(({ folder, never, types = [], modules = [] }) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: never.flatMap((name) => [`../${name}/**`, `../../${name}/**`, `../../../${name}/**`]),
            message: `${folder}/ does not import this folder: see the arrows in docs/architecture.md.`,
          },
          ...types.map((name) => ({
            group: [`../${name}/**`, `../../${name}/**`],
            allowTypeImports: true,
            message: `${folder}/ imports only types from ${name}/.`,
          })),
          ...(modules.length === 0
            ? []
            : [
                {
                  group: modules,
                  message: `${folder}/ stays small and deterministic: no I/O, no schema library.`,
                },
              ]),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules/', 'data/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only: a name says what a thing is.' },
        { selector: 'TSEnumDeclaration', message: 'Literal unions, not enums.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only systems/environment.ts reads the environment.' },
      ],
    },
  },
  ...arrowRules,
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'before', 'after'], package: 'node:test' },
          ],
        },
      ],
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
