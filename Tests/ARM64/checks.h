// What TableChecks.swift asks of C: Embedded Swift has no files and no libm.
#pragma once

/// Writes the values' bits to the program's file, after the name.
void checks_record(const char *name, const float *values, long count);

/// Tells of a value that is wrong; the program fails in the end.
void checks_wrong(const char *name, long place, double value, double expected, double bound);

/// Tells that a kernel's results differ between two of its tiles.
void checks_differ(const char *name, long place, double value, double other);

double checks_tanh(double x);
