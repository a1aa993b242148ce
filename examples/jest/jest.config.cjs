// netloom needs nothing here. Test files may run side by side: each test's namespaces are its own.
module.exports = { testMatch: ['<rootDir>/test/*.test.js'] }
