// The threads that aren't the network's: one reads the run's folder, one draws.

import NIOPosix

struct Workers: Sendable {
  let reader = NIOThreadPool(numberOfThreads: 1)
  private let drawer = NIOThreadPool(numberOfThreads: 1)

  func start() {
    reader.start()
    drawer.start()
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
