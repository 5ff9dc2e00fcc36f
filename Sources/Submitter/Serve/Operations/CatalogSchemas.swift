import Shared

/// Models and accounts, as people set them and as they are shown.
extension JSONSchema {
    static var openAIModel: JSONSchema {
        .object([
            .must("id", .string), .must("object", .only("model")), .must("created", .integer),
            .must("owned_by", .words(Provider.self)),
        ])
    }

    // MARK: - Models

    static var model: JSONSchema {
        .named("Model") {
            .object(
                [.must("id", .string), .must("provider", .words(Provider.self))]
                    + shown(modelMembers, except: ["fallback_models", "routing_strategy", "cache_ttl", "idle_timeout"]))
        }
    }

    static var newModel: JSONSchema {
        .named("NewModel") {
            .object(
                [.must("id", .rowName), .must("provider", .words(Provider.self))] + modelMembers + [.reason],
                isOpen: false)
        }
    }

    /// Of a change, in which everything may be left out.
    static var modelFields: JSONSchema {
        .named("ModelFields") {
            .object(
                [.may("id", .rowName), .may("provider", .words(Provider.self))] + modelMembers + [.reason],
                isOpen: false)
        }
    }

    private static var modelMembers: [Member] {
        [
            .may("name", .rowName.orNull),
            .may("model_id", .rowName.orNull, "The platform's own id; the same as `id` if not given."),
            .may("max_tokens", .count, "Tokens of an answer at most."),
            .may("context_tokens", .count, "Tokens of prompt and answer together."),
            .may("cost_per_1k_tokens", .price, "One price for prompt and answer, in place of the others."),
            .may("input_price", .price, "Per million tokens, as all prices."),
            .may("cached_input_price", .price),
            .may("cache_write_price", .price), .may("cache_write_1h_price", .price),
            .may("output_price", .price),
            .may("currency", .text(from: 1, upTo: Bounds.currency).orNull, "`USD` if not given."),
            .may("priority", .whole(-1_000_000...Int(Int32.max)).orNull, "Higher is preferred."),
            .may("weight", .count), .may("is_active", .boolean.orNull),
            .may(
                "capabilities", .anyOf([.map(of: .boolean), .null]),
                "`streaming`, `function_calling`, `vision`, `json_mode`, `embeddings`, …"),
            .may("aliases", .rowNames, "Other names that callers may use."),
            .may("fallback_models", .rowNames, "Models to try when this one cannot serve, by id."),
            .may("routing_strategy", .anyOf([.words(RoutingStrategyName.self), .null])),
            .may("cache_ttl", .count, "Seconds for which answers may be kept for equal requests."),
            .may("idle_timeout", .count, "Seconds of silence after which a stream's platform is given up."),
        ]
    }

    // MARK: - Accounts

    static var account: JSONSchema {
        .named("Account") {
            .object(
                [.must("id", .string), .must("provider", .words(Provider.self))]
                    + shown(accountMembers, except: ["api_key"]))
        }
    }

    static var newAccount: JSONSchema {
        .named("NewAccount") {
            .object(
                [.must("id", .rowName), .must("provider", .words(Provider.self))] + accountMembers + [.reason],
                isOpen: false)
        }
    }

    static var accountFields: JSONSchema {
        .named("AccountFields") {
            .object(
                [.may("id", .rowName), .may("provider", .words(Provider.self))] + accountMembers + [.reason],
                isOpen: false)
        }
    }

    private static var accountMembers: [Member] {
        let given: [Member] = [
            .may("account_name", .rowName.orNull),
            .may("base_url", .string.orNull, "Replaces the platform's own address."),
            .may("mode", .string.orNull, "One of the platform's ways to be called."),
            .may("models", .rowNames, "Ids of the models that it serves; empty for all of its platform's."),
            .may("weight", .count),
            .may("rpm", .count, "Requests a minute."), .may("tpm", .count, "Tokens a minute."),
            .may("concurrency", .count, "Requests at once."),
            .may("quota_limit", .whole(0...Int.max).orNull, "Tokens per `quota_period`."),
            .may("quota_period", .anyOf([.words(QuotaPeriod.self), .null])),
            .may("quota_reset_hour", .whole(0...23).orNull, "UTC."),
            .may("quota_reset_day", .whole(1...28).orNull),
            .may(
                "settings", .anyOf([.map(of: .string), .null]),
                "The platform's own, such as `organization` or `headers`, whose values are masked in answers."),
        ]
        let state: [Member] = [
            .may("status", .anyOf([.words(Account.Status.self), .null])),
            .may("status_reason", .string.orNull, "Only shown."),
            .may("quota_used", .whole(0...Int.max).orNull),
            .may("health_score", .number(from: 0).adding("maximum", 1).orNull),
            .may("has_key", .boolean, "Only shown."),
            .may("api_key", .string.orNull, "Shown as `****`, which leaves the key as it is."),
        ]
        return given + state
    }

    static var accountTest: JSONSchema {
        .object([
            .must("ok", .boolean), .must("ms", .integer),
            .may("error", .object([.must("kind", .words(JobFailure.Kind.self)), .must("message", .string)])),
        ])
    }

    // MARK: - Parts

    /// The members of an answer, where all are there.
    private static func shown(_ members: [Member], except: Set<String>) -> [Member] {
        members.map { Member(name: $0.name, schema: $0.schema, isRequired: !except.contains($0.name)) }
    }

    private static var rowName: JSONSchema { .text(from: 1, upTo: Bounds.name) }
    private static var rowNames: JSONSchema { .anyOf([.list(of: .rowName), .null]) }
    private static var count: JSONSchema { .whole(1...Int(Int32.max)).orNull }
    private static var price: JSONSchema { .number(from: 0).orNull }
}

extension JSONSchema.Member {
    fileprivate static var reason: Self {
        .may("reason", .text(from: 1, upTo: 4096), "For the audit log; needed where it takes the row out of use.")
    }
}
