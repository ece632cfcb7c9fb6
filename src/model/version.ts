/** This package's version; a test holds it equal to package.json, so that no file is read at startup. */
export const version = '0.1.0';
