"""Segments: rules as trees and sentences, made by people, taken over by the flow, counted while edited, given out."""
