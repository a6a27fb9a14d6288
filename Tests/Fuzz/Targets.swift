// What reads files that come from anywhere, each as one function of a file's bytes.

import Archives
import Configuration
import Datasets
import Graph
import Images
import NIOHTTP1
import SystemSupport
import TensorFiles
import WGAN
import Watch

enum Target: String, CaseIterable {
  case jpeg, png, archives, lists, cache, config, state, safetensors, torch, latents, metrics, requests

  func run(_ bytes: [UInt8]) {
    switch self {
    case .jpeg: readPicture(bytes)
    case .png: readPicture(withRightPNGChecksums(bytes))
    case .archives: readArchive(bytes)
    case .lists: readList(bytes)
    case .cache: readCache(withRightCacheChecksums(bytes))
    case .config: readConfiguration(bytes)
    case .state: readState(bytes)
    case .safetensors, .torch: readWeights(bytes)
    case .latents: readLatents(bytes)
    case .metrics: readMetrics(bytes)
    case .requests: readRequest(bytes)
    }
  }
}

// MARK: - Pictures

/// What is decoded has the wanted size, and its header can be read alone.
private func readPicture(_ bytes: [UInt8]) {
  let information = try? PictureDecoder.information(bytes: bytes)
  for (channels, shortSide) in [(3, 16), (1, 64)] {
    guard let picture = try? PictureDecoder.decode(bytes: bytes, channels: channels, shortSide: shortSide) else {
      continue
    }
    expect(min(picture.width, picture.height) == shortSide, "the short side isn't \(shortSide)")
    expect(picture.pixels.count == picture.width * picture.height * channels, "pixels are missing")
    expect(
      information.map { ($0.width < $0.height) == (picture.width < picture.height) || picture.width == picture.height }
        ?? false, "the header says another shape")
  }
}

// MARK: - Archives

private let archiveFile = ScratchFile()

/// Read to its end, no file has more bytes than it may.
private func readArchive(_ bytes: [UInt8]) {
  archiveFile.write(bytes)
  var limits = ArchiveLimits()
  (limits.fileBytes, limits.spare) = (1 << 20, 1 << 24)
  guard let reader = try? ArchiveReader(at: FilePath(archiveFile.path), limits: limits) else {
    return
  }
  while let file = try? reader.next() {
    expect(!file.name.bytes.isEmpty && !file.name.bytes.contains(0), "a file has no name")
    if let bytes = try? reader.bytes(file) { expect(bytes.count <= 1 << 20, "a file has too many bytes") }
  }
}

// MARK: - Lists and caches

/// A name that was read can be written, and is read again as the same.
private func readList(_ bytes: [UInt8]) {
  for name in ListFile.parse(bytes, shownAs: "list").names {
    guard let line = ListFile.line(for: name) else { give(up: "a list has a name that none can hold") }
    let again = ListFile.parse(line, shownAs: "list")
    expect(again.names == [name] && again.bad.isEmpty, "\(name) isn't read as it was written")
  }
}

private let cacheFile = ScratchFile()

/// Every picture that an index has lies in the file.
private func readCache(_ bytes: [UInt8]) {
  cacheFile.write(bytes)
  guard let file = try? OpenFile(FilePath(cacheFile.path), O_RDONLY),
    let index = PictureIndex(readFrom: file, identity: FilePath("fuzz"), size: 4, channels: 3)
  else { return }
  let pictures = StoredPictures(file, index)
  let numbers = (0..<index.count).map(UInt32.init)
  for number in numbers { _ = index.name(Int(number)) }
  _ = pictures.damaged(of: numbers, threads: 1)
}

// MARK: - A run's files

/// What is read is written as the same, and its nets can be described or are refused.
private func readConfiguration(_ bytes: [UInt8]) {
  guard let configuration = try? RunJSON.decode(RunConfiguration.self, from: bytes, source: "config.json"),
    (try? configuration.validate()) != nil
  else { return }
  for role in NetRole.allCases {
    if let steps = try? configuration.training.network(role).fused() { _ = ParameterTable(steps) }
  }
  guard let text = try? RunJSON.encode(configuration),
    let again = try? RunJSON.decode(RunConfiguration.self, from: text, source: "config.json")
  else { give(up: "a configuration can't be written and read") }
  expect(again == configuration, "a configuration isn't read as it was written")
}

private func readState(_ bytes: [UInt8]) {
  guard let state = try? RunJSON.decode(CheckpointState.self, from: bytes, source: "state.json"),
    state.impossibleField == nil
  else { return }
  guard let text = try? RunJSON.encode(state),
    let again = try? RunJSON.decode(CheckpointState.self, from: text, source: "state.json"),
    let second = try? RunJSON.encode(again)
  else { give(up: "a state can't be written and read") }
  // By their texts: NaN isn't equal to itself.
  expect(second == text, "a state isn't read as it was written")
  _ = state.trainingState
}

/// The rows that are kept are whole: read again, none is damaged or missing that wasn't.
private func readMetrics(_ bytes: [UInt8]) {
  let columns = ["step", "epoch", "seconds", "d_loss", "wasserstein", "held_out_d_loss", "swd"]
  _ = MetricsTable.steps(bytes)
  for step in [0, 5, 1 << 48] {
    guard let table = try? MetricsTable(bytes, columns: columns, through: step, path: "metrics.csv") else { continue }
    let text = Array(table.text.utf8)
    guard let again = try? MetricsTable(text, columns: columns, through: step, path: "metrics.csv") else {
      give(up: "the rows that are kept can't be read")
    }
    expect(again.text == table.text && again.damagedLines == 0, "the rows that are kept are damaged")
    expect(again.missing(through: step) == table.missing(through: step), "the rows that are kept aren't whole")
  }
}

// MARK: - Requests

/// Requests as the parser hands them on: the first line is the target, the others are headers. What is let through
/// names this machine, and asks for no more than the page may.
private func readRequest(_ bytes: [UInt8]) {
  let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 64, omittingEmptySubsequences: false)
    .map { String(decoding: $0, as: UTF8.self) }
  let headers = lines.dropFirst().map { line in
    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
  }
  let head = HTTPRequestHead(
    version: .http1_1, method: .GET, uri: lines.first ?? "", headers: HTTPHeaders(headers))
  for token in [nil, "a-long-enough-word"] {
    guard let asked = try? Asked(head, Access(hosts: ["localhost"], token: token, port: 8765)) else { continue }
    expect(head.headers["host"].count == 1, "more than one host, or none, is let through")
    let knows = token.map { token in "\(head.uri) \(head.headers["cookie"])".contains(token) } ?? true
    expect(knows, "who doesn't know the token is let through")
    switch asked.route {
    case .curves(let curves):
      expect(curves.columns.count <= 40 && curves.buckets <= 4000, "curves may be too large")
    case .explore(let wish):
      expect(!wish.seeds.isEmpty && wish.seeds.count <= 64, "there may be too many pictures")
      expect(wish.truncation > 0 && wish.truncation <= 1, "a truncation that isn't one is let through")
      expect(wish.moves.allSatisfy { abs($0.distance) <= 5 }, "a move that is too far is let through")
    default: break
    }
  }
}

// MARK: - Weights

private let weightsFile = ScratchFile()

/// Every tensor that a file names has as many numbers as its shape says, or can't be read.
private func readWeights(_ bytes: [UInt8]) {
  weightsFile.write(bytes)
  if let file = try? WeightsFile(at: weightsFile.path) {
    for tensor in file.tensors {
      guard let read = try? file.read(tensor, as: tensor.name) else { continue }
      expect(read.values.count == read.shape.reduce(1, *), "a tensor hasn't the numbers of its shape")
    }
  }
  if let checkpoint = try? Checkpoint(at: weightsFile.path) { _ = try? checkpoint.state() }
}

/// Every vector that is read has the length that was asked for, and finite numbers.
private func readLatents(_ bytes: [UInt8]) {
  weightsFile.write(bytes)
  guard let vectors = try? LatentFile.read(weightsFile.path, latent: 4) else { return }
  expect(!vectors.isEmpty, "there is no vector")
  expect(vectors.allSatisfy { $0.values.count == 4 && $0.values.allSatisfy(\.isFinite) }, "a vector isn't one")
}
