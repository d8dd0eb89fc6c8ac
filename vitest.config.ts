// Which tests run where: unit tests read source, end-to-end and system tests run what was built.
import { defineConfig } from 'vitest/config'

const sourceConditions = ['source', 'module', 'node', 'import', 'default']
const readSource = {
  resolve: { conditions: sourceConditions },
  ssr: { resolve: { conditions: sourceConditions } },
}
const perTest = { testTimeout: 120_000, hookTimeout: 120_000 }
const crossPackage = ['properties', 'adversary', 'simulation']
/** Tests that need nothing but npm packages, and too much time for `npm test`: they go with the system tests. */
const long = '**/*.long.test.ts'

export default defineConfig({
  test: {
    // Vitest leaves one core idle by default; on two cores that is half of the machine.
    maxWorkers: '100%',
    projects: [
      {
        ...readSource,
        test: {
          ...perTest,
          name: 'unit',
          exclude: [long],
          include: [
            'packages/*/src/**/*.test.ts',
            'signer-node/src/**/*.test.ts',
            'client-sdk/src/**/*.test.ts',
            'test/*.test.ts',
            'test/{vectors,compat,types,architecture,support,demo,bench}/**/*.test.ts',
            ...crossPackage.map((folder) => `test/${folder}/**/*.test.ts`),
          ],
        },
      },
      {
        test: { ...perTest, name: 'e2e', include: ['test/e2e/**/*.test.ts'], exclude: [long] },
      },
      {
        ...readSource,
        test: {
          ...perTest,
          name: 'long-unit',
          include: [`client-sdk/src/${long}`, `test/adversary/${long}`],
        },
      },
      {
        test: { ...perTest, name: 'long-e2e', include: [`test/e2e/${long}`] },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        ...readSource,
        test: {
          name: 'deep',
          include: ['test/deep/**/*.test.ts', ...crossPackage.map((folder) => `test/${folder}/**/*.test.ts`)],
          env: { TERCET_DEEP: '1' },
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
