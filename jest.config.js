/** Tests run on what is shipped: the compiled tree. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/dist'],
  transform: {},
  testTimeout: 30_000,
};
