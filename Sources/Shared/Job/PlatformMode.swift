/// The wire that an account is spoken to with: its platform, and one of the platform's modes.
///
/// A new mode is a case here. The `switch` that picks the adapter then refuses to compile until it is served.
package enum PlatformMode: Sendable, Equatable {
    case openai(OpenAI)
    case anthropic
    case baidu(Baidu)
    case alibaba(Alibaba)
    case tencent(Tencent)
    case zhipu(Zhipu)
    case sandbox

    // The first case of each is the platform's default.

    package enum OpenAI: String, Sendable, CaseIterable {
        /// OpenAI's own rules for models with its names.
        case native
        /// Any other server that speaks OpenAI's language. Nothing of a request is changed.
        case compatible
    }

    package enum Baidu: String, Sendable, CaseIterable {
        /// Qianfan v2.
        case native
        /// Qianfan v1, with AK and SK.
        case legacy
    }

    package enum Alibaba: String, Sendable, CaseIterable {
        /// DashScope.
        case native
        /// DashScope's OpenAI-shaped twin.
        case compatible
    }

    package enum Tencent: String, Sendable, CaseIterable {
        /// TokenHub.
        case compatible
        /// The API with TC3 signatures.
        case native
        /// Hunyuan's own OpenAI-shaped endpoint.
        case legacy
    }

    package enum Zhipu: String, Sendable, CaseIterable {
        /// The key as it is.
        case native
        /// A JWT that is signed with the key.
        case jwt
    }
}

extension Provider {
    /// The names of the platform's modes, one of which each account has.
    ///
    /// The first is the default.
    package var modes: [String] {
        switch self {
        case .openai: PlatformMode.OpenAI.allCases.map(\.rawValue)
        case .baidu: PlatformMode.Baidu.allCases.map(\.rawValue)
        case .alibaba: PlatformMode.Alibaba.allCases.map(\.rawValue)
        case .tencent: PlatformMode.Tencent.allCases.map(\.rawValue)
        case .zhipu: PlatformMode.Zhipu.allCases.map(\.rawValue)
        case .anthropic, .sandbox: ["native"]
        }
    }

    /// The mode of this name, or the default where there is none or only another build knows it.
    package func mode(named name: String?) -> PlatformMode {
        func known<Mode: RawRepresentable<String>>(_ standard: Mode) -> Mode {
            name.flatMap(Mode.init(rawValue:)) ?? standard
        }
        return switch self {
        case .openai: .openai(known(.native))
        case .anthropic: .anthropic
        case .baidu: .baidu(known(.native))
        case .alibaba: .alibaba(known(.native))
        case .tencent: .tencent(known(.compatible))
        case .zhipu: .zhipu(known(.native))
        case .sandbox: .sandbox
        }
    }
}
