// A file that a new run takes its values from: a run's config.json, which its folder stands for, or what `wgan train
// --dry-run --json` prints.

import Configuration
import SystemSupport

package enum ConfigurationFile {
  /// - Throws: `Failure`: `.missing`, or `.badData` that names the first field that no run can have.
  package static func read(_ place: String) throws -> RunConfiguration {
    let path = isFolder(place) ? RunPaths(place).config : place
    if isFolder(place), !RunFolders.isRun(place) {
      throw Failure(.missing, "--config \(place): \(RunFolders.whatIsThere(place))")
    }
    let bytes = try readFile(path, limit: 1 << 20)
    let configuration = try RunJSON.decode(Content.self, from: bytes, source: path).configuration
    do {
      try configuration.validate()
    } catch {
      throw Failure(.badData, "\(path): \(error)")
    }
    return configuration
  }

  private struct Content: Decodable {
    let configuration: RunConfiguration

    private enum Field: String, CodingKey {
      case configuration
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Field.self)
      configuration =
        container.contains(.configuration)
        ? try container.decode(RunConfiguration.self, forKey: .configuration) : try RunConfiguration(from: decoder)
    }
  }
}
