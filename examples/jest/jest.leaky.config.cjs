// Tests that leave something behind, to see how they fail.
module.exports = { testMatch: ['<rootDir>/leaky/*.test.js'] }
