// The system's C library, under whatever name it has here. Who imports SystemSupport has it; no other file asks which
// one it is.

#if canImport(Glibc)
  @_exported import Glibc
#elseif canImport(Musl)
  @_exported import Musl
#elseif canImport(Darwin)
  @_exported import Darwin
#endif
