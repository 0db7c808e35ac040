"""JSON documents as the classes that their authors name."""

from datalayer.runtime.documents.reading import (
    JsonReader,
    json_array,
    json_type,
    json_value,
    leave_json_text,
)

__all__ = ["JsonReader", "json_array", "json_type", "json_value", "leave_json_text"]
