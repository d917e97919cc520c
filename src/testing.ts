/**
 * Conformance suites for policies, stores and serializers of one's own, for any test runner.
 *
 * @module
 */
export type { ConformanceCase } from './testing/conformance-case.ts'
export { policyConformance, type PolicyConformanceOptions } from './testing/policy-conformance.ts'
export { type SampleName } from './testing/sample-values.ts'
export {
  serializerConformance,
  type SerializerConformanceOptions,
  type Shortcoming,
} from './testing/serializer-conformance.ts'
export { storeConformance, type StoreConformanceOptions } from './testing/store-conformance.ts'
