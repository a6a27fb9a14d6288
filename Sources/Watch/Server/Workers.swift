// The threads that aren't the network's: one reads the run's folder, one draws.

import NIOPosix
import SystemSupport

struct Workers: Sendable {
  let reader = NIOThreadPool(numberOfThreads: 1)
  private let drawer = NIOThreadPool(numberOfThreads: 1)

  func start() {
    reader.start()
    drawer.start()
    // The run that trains goes first. (On Linux this is the thread's alone, and the page stays quick.)
    drawer.submit { _ in _ = nice(10) }
  }

  func stop() {
    for thread in [reader, drawer] { thread.shutdownGracefully { _ in } }
  }

  func thread(for route: Route) -> NIOThreadPool {
    switch route {
    case .explore, .explorer: drawer
    default: reader
    }
  }
}
