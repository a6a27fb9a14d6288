// Where this build lies (the tests, the tools beside them, the modules' object files), and on what.

import SystemSupport

/// Where /proc and /dev/full are, and `ulimit -v` counts.
package let isLinux: Bool = {
  #if os(Linux)
    true
  #else
    false
  #endif
}()

/// The folder of the build's products.
package let buildFolder: String = {
  #if os(Linux)
    var path = (try? realPath("/proc/self/exe")) ?? "."
  #else
    // The image that this code is in: the program that loads it is the toolchain's.
    var image = Dl_info()
    dladdr(#dsohandle, &image)
    var path = image.dli_fname.map { FilePath(cString: $0) } ?? "."
  #endif
  // A file on Linux; on a Mac a folder, with the file deep in it.
  while !path.hasSuffix(".xctest"), path.folder != path { path = path.folder }
  return path.folder.description
}()
