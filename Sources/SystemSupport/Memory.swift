// What the machine has.

/// Bytes of physical memory; 0 where the system doesn't say.
package func memoryOfMachine() -> Int {
  let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
  return overflow ? 0 : max(0, bytes)
}
