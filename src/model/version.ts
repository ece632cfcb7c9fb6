/** This package's version; a test compares it with package.json, so that no file has to be read at startup. */
export const version = '0.1.0';

/**
 * Where bugs are reported. The project has no public address yet; "Publishing" in CONTRIBUTING.md lists what to change
 * then.
 */
export const reportBugsTo = 'whoever provided this program';
